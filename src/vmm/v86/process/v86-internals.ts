/**
 * What we use of v86 0.5.462 beyond its documented API. Its build keeps property names, and the names shared with its
 * WebAssembly module are fixed by that module; `v86-internals.test.ts` pins each, so that an upgrade that breaks one is seen.
 */
export interface V86Internals {
  readonly v86: {
    readonly cpu: Cpu;
    /** Its timers ask the time of this function of the class. */
    readonly constructor: { microtick: () => number };
  };
  readonly screen_adapter: { get_text_screen(): string[] };
}

export interface Cpu {
  /** Runs guest code for about a millisecond. Milliseconds until the guest wants to run again; 0 is at once. */
  main_loop(): number;
  reboot_internal(): void;
  /** Physical address; throws when the page tables do not map the linear one. */
  translate_address_system_read(linear: number): number;
  get_eflags(): number;
  get_real_eip(): number;
  readonly mem8: Uint8Array;
  readonly reg32: Int32Array;
  readonly flags: Int32Array;
  readonly sreg: Uint16Array;
  readonly cr: Int32Array;
  readonly protected_mode: Int32Array;
  readonly idtr_offset: Int32Array;
  readonly idtr_size: Int32Array;
  readonly gdtr_offset: Int32Array;
  readonly gdtr_size: Int32Array;
  readonly io: PortBus;
  readonly devices: { readonly virtio_console?: { readonly virtio: { readonly queues: readonly VirtQueue[] } } };
}

export interface PortBus {
  port_read8(port: number): number;
  port_read32(port: number): number;
  port_write8(port: number, value: number): void;
  port_write32(port: number, value: number): void;
  register_read(port: number, device: object, read8: Reader, read16: Reader, read32: Reader): void;
  register_write(port: number, device: object, write8: Writer, write16: Writer, write32: Writer): void;
}
type Reader = () => number;
type Writer = (value: number) => void;

export interface VirtQueue {
  is_configured(): boolean;
  has_request(): boolean;
  pop_request(): BufferChain;
  push_reply(chain: BufferChain): void;
  flush_replies(): void;
}
export interface BufferChain {
  readonly length_writable: number;
  set_next_blob(bytes: Uint8Array): void;
}

/** The functions that v86 gives its WebAssembly module: the place to see every port access and every halt. */
export interface WasmEnvironment {
  io_port_read8(port: number): number;
  io_port_write8(port: number, value: number): void;
  io_port_write16(port: number, value: number): void;
  io_port_write32(port: number, value: number): void;
  /** Milliseconds, for the time-stamp counter and the length of a slice. */
  microtick(): number;
  /** Called on HLT with interrupts off, which nothing ends in v86: it has no NMI. */
  cpu_event_halt(): void;
  /** Called when an interrupt ends a HLT. */
  stop_idling(): void;
  /** The text of a Rust panic, in the module's memory; the panic's `unreachable` follows. */
  console_log_from_wasm(offset: number, length: number): void;
}
