import { Metadata } from "@grpc/grpc-js";
import type { GrpcMetadata, GrpcMetadataInit, GrpcMetadataValue } from "../config/grpc-options.ts";

/** Metadata that came over the wire. */
export class ReceivedMetadata implements GrpcMetadata {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  get(name: string): string | undefined {
    return this.all(name).find((value) => typeof value === "string");
  }

  bytes(name: string): Uint8Array | undefined {
    return this.all(name).find((value) => typeof value !== "string");
  }

  all(name: string): readonly GrpcMetadataValue[] {
    return this.#metadata.get(name);
  }

  names(): string[] {
    return Object.keys(this.#metadata.getMap());
  }
}

/** @throws what grpc-js says of a name or a value that cannot be sent */
export function sentMetadata(given: GrpcMetadataInit): Metadata {
  const metadata = new Metadata();
  for (const [name, values] of Object.entries(given))
    for (const value of isList(values) ? values : [values])
      metadata.add(name, typeof value === "string" ? value : Buffer.from(value));
  return metadata;
}

const isList = (value: unknown): value is readonly GrpcMetadataValue[] => Array.isArray(value);

/** The same in the form that it is sent in again. */
export function initOf(metadata: Metadata): GrpcMetadataInit {
  // A failure at once has its trailers among the headers of HTTP.
  const names = Object.keys(metadata.getMap()).filter((name) => name !== "content-type" && name !== "date");
  return Object.fromEntries(names.map((name) => [name, metadata.get(name)]));
}

/** Header fields as the wire has them, bytes in base64: for what reads the headers of a request. */
export function headersOf(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(metadata.toHttp2Headers())) {
    for (const value of [values ?? []].flat()) {
      try {
        headers.append(name, String(value));
      } catch {
        // A value that HTTP has no name for is still in the call's metadata.
      }
    }
  }
  return headers;
}
