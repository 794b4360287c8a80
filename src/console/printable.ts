export { printable } from "../power/printable.ts";
