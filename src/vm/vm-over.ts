/** Why a wait can no longer be met: the guest stopped, or the VM ended. An assertion that fails by it exits with 1. */
export class VmOver extends Error {
  override readonly name = "VmOver";
}
