/** An initrd or another piece that the kernel finds through its boot parameters. */
export interface Placed {
  readonly address: number;
  readonly length: number;
}

export interface BootParams {
  /** The bzImage's own setup header, which the loader fills in; none for a bare vmlinux. */
  readonly setupHeader?: Uint8Array;
  readonly cmdlineAddress: number;
  readonly initrd?: Placed | undefined;
  readonly memoryBytes: number;
}

const SETUP_HEADER = 0x1f1;
const RAM = 1;
const RESERVED = 2;
/** Where a PC's RAM ends below the video memory, less the extended BIOS data area. */
const LOW_MEMORY_END = 0x9fc00;

/** The "zero page" (Linux Documentation/arch/x86/zero-page.rst): what a boot loader tells a kernel. */
export function bootParams({ setupHeader, cmdlineAddress, initrd, memoryBytes }: BootParams): Buffer {
  const page = Buffer.alloc(4096);
  textScreen(page);
  if (setupHeader) page.set(setupHeader, SETUP_HEADER);
  else bareHeader(page);
  page[0x210] = 0xff; // type_of_loader: none of the registered ones
  page.writeUInt32LE(initrd?.address ?? 0, 0x218);
  page.writeUInt32LE(initrd?.length ?? 0, 0x21c);
  page.writeUInt32LE(cmdlineAddress, 0x228);

  const map = [
    [0, LOW_MEMORY_END, RAM],
    [LOW_MEMORY_END, 0xa0000, RESERVED],
    [0xe0000, 0x100000, RESERVED],
    [0x100000, memoryBytes, RAM],
  ] as const;
  page[0x1e8] = map.length;
  map.forEach(([start, end, type], index) => {
    const at = 0x2d0 + index * 20;
    page.writeUInt32LE(start, at);
    page.writeUInt32LE(end - start, at + 8);
    page.writeUInt32LE(type, at + 16);
  });
  return page;
}

// Boot protocol 2.15, a kernel loaded high.
function bareHeader(page: Buffer): void {
  page.writeUInt16LE(0xaa55, 0x1fe);
  page.write("HdrS", 0x202, "latin1");
  page.writeUInt16LE(0x020f, 0x206);
  page[0x211] = 0x01;
}

// screen_info of an 80x25 VGA text screen, so that tty0 shows on it.
function textScreen(page: Buffer): void {
  page[0x06] = 3;
  page[0x07] = 80;
  page[0x0e] = 25;
  page[0x0f] = 1;
  page.writeUInt16LE(16, 0x10);
}
