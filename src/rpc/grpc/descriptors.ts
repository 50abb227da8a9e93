import {
  FileDescriptorProto,
  type IDescriptorProto,
  type IFileDescriptorProto,
} from "protobufjs/ext/descriptor";

interface Reference {
  typeName?: string | null;
  extendee?: string | null;
}

/**
 * Files as reflection clients want them: protobufjs leaves out what a file depends on, writes names of types relative to where
 * they are used, and calls the entries of maps otherwise than protoc does (descriptor.proto, `map_entry`).
 */
export function linked(files: readonly Uint8Array[]): Buffer[] {
  const decoded = files.map((file) => FileDescriptorProto.decode(file) as IFileDescriptorProto);
  const symbols = new Map<string, string>();
  for (const file of decoded) nameEntries(file.messageType ?? []);
  for (const file of decoded) collect(file, symbols);
  return decoded.map((file) => {
    link(file, symbols);
    return Buffer.from(FileDescriptorProto.encode(file).finish());
  });
}

/** `Tags` of `map<string, string> tags` is `TagsEntry`. */
function nameEntries(messages: readonly IDescriptorProto[]): void {
  for (const { nestedType, field } of messages) {
    const entries = (nestedType ?? []).filter(
      ({ options, name }) => options?.mapEntry && !name?.endsWith("Entry"),
    );
    for (const entry of entries) {
      for (const each of field ?? []) if (each.typeName === entry.name) each.typeName += "Entry";
      entry.name += "Entry";
    }
    nameEntries(nestedType ?? []);
  }
}

/** In which file each type is, by full name. */
function collect(file: IFileDescriptorProto, symbols: Map<string, string>): void {
  const add = (scope: string, { name, nestedType, enumType }: IDescriptorProto): void => {
    const full = below(scope, name!);
    symbols.set(full, file.name!);
    for (const each of enumType ?? []) symbols.set(below(full, each.name!), file.name!);
    for (const each of nestedType ?? []) add(full, each);
  };
  for (const each of file.messageType ?? []) add(file.package ?? "", each);
  for (const each of file.enumType ?? []) symbols.set(below(file.package ?? "", each.name!), file.name!);
}

function link(file: IFileDescriptorProto, symbols: ReadonlyMap<string, string>): void {
  const used = new Set<string>();
  const full = (name: string, scope: string): string => {
    const found = resolve(name, scope, symbols);
    if (found === undefined) return name;
    used.add(symbols.get(found)!);
    return `.${found}`;
  };
  const refer = (references: readonly Reference[] | null | undefined, scope: string): void => {
    for (const each of references ?? []) {
      if (each.typeName) each.typeName = full(each.typeName, scope);
      if (each.extendee) each.extendee = full(each.extendee, scope);
    }
  };
  const message = ({ name, field, extension, nestedType }: IDescriptorProto, scope: string): void => {
    const own = below(scope, name!);
    refer(field, own);
    refer(extension, own);
    for (const each of nestedType ?? []) message(each, own);
  };
  const scope = file.package ?? "";
  for (const each of file.messageType ?? []) message(each, scope);
  refer(file.extension, scope);
  for (const method of (file.service ?? []).flatMap((service) => service.method ?? [])) {
    method.inputType = full(method.inputType!, scope);
    method.outputType = full(method.outputType!, scope);
  }
  used.delete(file.name!);
  file.dependency = [...used];
}

/** A name as C++ would find it: in the innermost scope that has it. */
function resolve(name: string, scope: string, symbols: ReadonlyMap<string, string>): string | undefined {
  if (name.startsWith(".")) return symbols.has(name.slice(1)) ? name.slice(1) : undefined;
  const candidate = below(scope, name);
  if (symbols.has(candidate)) return candidate;
  return scope === ""
    ? undefined
    : resolve(name, scope.slice(0, Math.max(0, scope.lastIndexOf("."))), symbols);
}

const below = (scope: string, name: string): string => (scope === "" ? name : `${scope}.${name}`);
