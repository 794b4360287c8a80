// How `petri boot` starts: the recorder's thread does while everything else is loaded.
import { prepareRecorder } from "../host/recording.ts";

prepareRecorder();

export const { run } = await import("./run.ts");
