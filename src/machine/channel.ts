/** The ways to run programs and move files in a guest, the best first. */
export const channelNames = ["vsock", "virtio-serial", "ssh", "serial"] as const;
export type ChannelName = (typeof channelNames)[number];
