import type { PortBus } from "./v86-internals.ts";

/** The standard VGA's registers in mode 3, 80x25 characters in 16 colours, as a VGA BIOS sets them. */
const miscellaneous = 0x67;
const sequencer = "0300030002";
const crtController = "5f4f50825581bf1f004f0d0e00000000" + "9c8e8f281f96b9a3ff";
const graphics = "0000000000100e00ff";
const attributes = "000102030405140738393a3b3c3d3e3f" + "0c000f0800";

/** Sets the screen to text, where kernels started without a BIOS expect it: characters from physical address B8000h. */
export function setTextMode(io: PortBus): void {
  const indexed = (port: number, values: string) =>
    Buffer.from(values, "hex").forEach((value, index) => {
      io.port_write8(port, index);
      io.port_write8(port + 1, value);
    });
  io.port_write8(0x3c2, miscellaneous);
  indexed(0x3c4, sequencer);
  // Bit 7 of register 11h protects registers 0 to 7.
  io.port_write8(0x3d4, 0x11);
  io.port_write8(0x3d5, 0x00);
  indexed(0x3d4, crtController);
  indexed(0x3ce, graphics);
  // The attribute controller takes index and value in turn; reading 3DAh makes it the index's turn.
  io.port_read8(0x3da);
  Buffer.from(attributes, "hex").forEach((value, index) => {
    io.port_write8(0x3c0, index);
    io.port_write8(0x3c0, value);
  });
  io.port_write8(0x3c0, 0x20); // the palette is set: show the screen
}
