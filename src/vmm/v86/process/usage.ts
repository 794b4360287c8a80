export const usage = `Usage: petri-v86 --control unix:PATH [options]

The v86 emulator as a VMM process: it connects to the sockets of a harness and waits, paused, for its commands.
To boot a machine by hand: petri boot --vmm v86

  --control unix:PATH       the control channel: JSON lines like QMP's (required)
  --com1 unix:PATH          a serial line; also --com2, --com3, --com4 and --virtio-console
  --memory BYTES            guest RAM, whole MiB (64 MiB if absent)
  --multiboot FILE          boot this multiboot kernel; no BIOS is needed
  --kernel FILE             boot this kernel, multiboot or Linux
  --initrd FILE             its initial RAM disk, or multiboot module
  --cmdline TEXT            its command line
  --bios FILE               boot this BIOS image, from a disk
  --vga-bios FILE           its VGA BIOS
  --hda FILE                a raw disk; also --hdb, --cdrom, --fda and --fdb. Writes are thrown away
  --boot-order LIST         of disk, cdrom and floppy
  --nic none|ne2k|virtio    a network card (none if absent)
  --watchdog ib700|wdat     a watchdog: ports 441h and 443h, or the one of the ACPI table WDAT (not with a BIOS)
  --paused                  accepted, for the harness's sake: it always starts so
  -h, --help                print this help

Exit codes: 0 ended by the harness · 1 the harness is gone · 64 usage · 66 a file · 70 software · 71 the host
`;
