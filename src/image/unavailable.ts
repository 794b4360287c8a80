import { HostError } from "../machine/errors.ts";

/** The packages that an image is built from cannot be had on this host: no network, or archives without them. */
export class ImageUnavailable extends HostError {}
