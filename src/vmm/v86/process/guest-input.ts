import type { Cpu } from "./v86-internals.ts";

/** The guest's end of a console's input. Takes as many of the bytes as the guest has room for now; says how many. */
export type GuestInput = (bytes: Uint8Array) => number;

const comPorts = [0x3f8, 0x2f8, 0x3e8, 0x2e8];
const INTERRUPT_ENABLE = 1;
const LINE_STATUS = 5;
const MODEM_CONTROL = 4;
/** As deep as a 16550's FIFO. */
const FIFO = 16;

/** The COM port, from 0, whose data register this is. */
export function comOf(port: number): number | undefined {
  // The four differ in these two bits only: most port reads are none of ours, and there are many.
  if ((port & ~0x110) !== 0x2e8) return undefined;
  return comPorts.indexOf(port);
}

/**
 * Whether input may be given from within the guest's own read of the data register. v86 delivers an interrupt at once,
 * which in the middle of an IN instruction would lose what it read; so not while the UART could interrupt.
 */
export function mayFeedNow(com: number, cpu: Cpu): boolean {
  const areInterruptsOn = ((cpu.flags[0] ?? 0) & 0x200) !== 0;
  return !areInterruptsOn || (cpu.io.port_read8((comPorts[com] ?? 0) + INTERRUPT_ENABLE) & 0x01) === 0;
}

/**
 * v86's UART takes any number of bytes into a queue of its own and so never overruns; but a guest's driver does, when it
 * finds more bytes in one interrupt than it can keep. So we act as the line: a FIFO's worth at a time, and only into an
 * empty FIFO.
 */
export function uartInput(com: number, cpu: Cpu, send: (bytes: Uint8Array) => void): GuestInput {
  const base = comPorts[com] ?? 0;
  return (bytes) => {
    if ((cpu.io.port_read8(base + LINE_STATUS) & 0x01) !== 0) return 0;
    const modem = cpu.io.port_read8(base + MODEM_CONTROL);
    const isLoopback = (modem & 0x10) !== 0;
    // A terminal that is ready (DTR) but takes RTS away throttles the line; one that never set either does not.
    const isThrottled = (modem & 0x03) === 0x01;
    if (isLoopback || isThrottled) return 0;
    const chunk = bytes.subarray(0, FIFO);
    send(chunk);
    return chunk.length;
  };
}

/** v86 drops virtio-console input for which the guest has posted no buffer, and what exceeds one; so we look first. */
export function virtioInput(cpu: Cpu): GuestInput {
  return (bytes) => {
    // Queue 0 is the receive queue of port 0 (virtio 1.2 §5.3.2).
    const queue = cpu.devices.virtio_console?.virtio.queues[0];
    if (!queue?.is_configured()) return 0;
    let taken = 0;
    while (taken < bytes.length && queue.has_request()) {
      const chain = queue.pop_request();
      const chunk = bytes.subarray(taken, taken + chain.length_writable);
      chain.set_next_blob(chunk);
      queue.push_reply(chain);
      taken += chunk.length;
    }
    if (taken > 0) queue.flush_replies();
    return taken;
  };
}
