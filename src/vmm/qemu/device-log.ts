/**
 * The file to which QEMU logs CPU resets under TCG, where alone a triple fault shows, and what the guest writes to the
 * keyboard controller and to port 92. All of it is rare: a boot of SeaBIOS writes 18 lines.
 */
export const deviceLog = "devices.log";

/** Trace events of QEMU 7.2 (hw/input/trace-events, hw/isa/trace-events): the writes that may reset the machine. */
const writes = ["pckbd_kbd_write_command", "pckbd_outport_write", "port92_write"];

/** For builds that have the `log` trace backend; others take the options and log nothing. */
export const deviceTrace: readonly string[] = writes.flatMap((name) => ["-trace", name]);

/** What QEMU logged while the guest ran, as far as it explains a reset. */
export interface DeviceLog {
  readonly hasTripleFault: boolean;
  /** The first write that resets the machine, in QEMU's words. */
  readonly reset: { readonly cause: "keyboard-controller" | "port92"; readonly line: string } | undefined;
}

const tripleFault = /^Triple fault/;
/** QEMU takes any even command from F0 for a pulse of the reset line (hw/input/pckbd.c, KBD_CCMD_PULSE_BITS_3_0). */
const keyboardReset = /pckbd_kbd_write_command 0xf[02468ace]$/;
/** Bit 0 of the controller's output port is the reset line, active low. */
const outputPortReset = /pckbd_outport_write 0x[0-9a-f][02468ace]$/;
/** Bit 0 of port 92 resets the machine when it rises, and is 0 after every reset. */
const port92Reset = /port92_write port92: write 0x[0-9a-f][13579bdf]$/;

export function readDeviceLog(text: string): DeviceLog {
  const lines = text.split(/\r?\n/);
  const line = lines.find((each) => causeOf(each) !== undefined);
  const cause = line === undefined ? undefined : causeOf(line);
  return {
    hasTripleFault: lines.some((each) => tripleFault.test(each)),
    reset: line === undefined || cause === undefined ? undefined : { cause, line },
  };
}

function causeOf(line: string): "keyboard-controller" | "port92" | undefined {
  if (keyboardReset.test(line) || outputPortReset.test(line)) return "keyboard-controller";
  return port92Reset.test(line) ? "port92" : undefined;
}
