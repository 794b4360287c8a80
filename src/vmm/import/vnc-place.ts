import { isIP } from "node:net";

/** `[host:]port`, an IPv6 address in brackets, as bhyve's framebuffer and libvirt have it. Undefined for other text. */
export function readVncPlace(text: string): { listen?: string; port?: number } | undefined {
  const [, host, digits] = /^(?:(\[[^\]]+\]|[^:]*):)?(\d{1,5})?$/.exec(text) ?? [];
  if (host === undefined && digits === undefined) return text === "" ? {} : undefined;
  const listen = host?.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  if (listen !== undefined && listen !== "" && isIP(listen) === 0) return undefined;
  return { ...(listen === undefined || listen === "" ? {} : { listen }), ...(port === undefined ? {} : { port }) };
}
