/** The guest's driver broke the rules of its device: the device stops until a driver starts it anew. */
export class BadGuest extends Error {
  override readonly name = "BadGuest";
}
