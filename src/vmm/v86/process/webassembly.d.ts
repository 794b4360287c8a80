/** The part of the WebAssembly JavaScript API that this process uses; TypeScript has it only among the browser's types. */
declare namespace WebAssembly {
  type Imports = Record<string, ModuleImports>;
  type ModuleImports = Record<string, unknown>;
  type Exports = Record<string, unknown>;
  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): { module: string; name: string; kind: string }[];
    static exports(module: Module): { name: string; kind: string }[];
  }
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Exports;
  }
  class RuntimeError extends Error {}
}
