import { busCapacity, type Disk, opticalBuses } from "../disk.ts";
import { listOf } from "../nearest.ts";
import { type Problem, problem, showWord } from "../problem.ts";
import type { Rule } from "../rules.ts";

export const diskRules: Rule = ({ disks, arch }) => {
  if (disks === undefined) return [];
  return [...disks.flatMap((disk, index) => alone(disk, index, arch)), ...slots(disks), ...sharing(disks)];
};

function alone(disk: Disk, index: number, arch: string | undefined): Problem[] {
  const { file, bus, dvd, readOnly, persist, format } = disk;
  const problems: Problem[] = [];
  const refuse = (key: string, message: string) => problems.push(problem(["disks", index, key], message));
  if (persist && readOnly) {
    refuse(
      "persist",
      `${showWord(file)} is ${dvd ? "an optical disc, which is read-only" : "read-only"}: leave one out`,
    );
  }
  if (dvd && !opticalBuses.includes(bus)) {
    refuse("bus", `${bus} has no optical drives: put ${showWord(file)} on ${listOf(opticalBuses)}`);
  }
  if (dvd && format !== undefined && format !== "iso" && format !== "raw") {
    refuse("format", `${format} is no format of an optical disc: write iso or raw`);
  }
  if (bus === "floppy" && format !== undefined && format !== "raw") {
    refuse("format", `${format} is no format of a floppy: write raw`);
  }
  if (bus === "floppy" && arch === "aarch64") refuse("bus", "floppy needs arch x86_64");
  return problems;
}

function slots(disks: readonly Disk[]): Problem[] {
  const problems: Problem[] = [];
  const taken = new Map<string, number>();
  const count = new Map<string, number>();
  disks.forEach(({ bus, slot, file }, index) => {
    const capacity = busCapacity[bus];
    const used = (count.get(bus) ?? 0) + 1;
    count.set(bus, used);
    if (used === capacity + 1) {
      problems.push(problem(["disks", index], `${showWord(file)} is one too many: ${bus} holds ${capacity} disks`));
    }
    if (slot === undefined) return;
    if (slot >= capacity) {
      problems.push(problem(["disks", index, "slot"], `${slot} is not on ${bus}: write 0 to ${capacity - 1}`));
    }
    const first = taken.get(`${bus} ${slot}`);
    if (first === undefined) {
      taken.set(`${bus} ${slot}`, index);
    } else {
      const other = showWord(disks[first]?.file ?? "");
      const message = `slot ${slot} of ${bus} is already taken by ${other} (disks[${first}]): choose another or leave it out`;
      problems.push(problem(["disks", index, "slot"], message));
    }
  });
  return problems;
}

/** A file that the guest writes for good must not be seen by a second disk: each would read the other's halves. */
function sharing(disks: readonly Disk[]): Problem[] {
  return disks.flatMap((disk, index) => {
    const first = disks.findIndex((other) => other.file === disk.file);
    if (first === index || !disks.some((other) => other.file === disk.file && other.persist)) return [];
    return [
      problem(
        ["disks", index, "file"],
        `${showWord(disk.file)} is also disks[${first}] and persist is set: use it once`,
      ),
    ];
  });
}
