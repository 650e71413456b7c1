// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the compiler knows of a schema: what it says of itself by https://standardschema.dev, never by the types of a library, of which there may be two.

/** The output type of a schema; unknown for raw JSON Schema. */
export type SchemaOutput<S, Unknown = unknown> = S extends { readonly '~standard': { readonly types?: infer T } }
  ? NonNullable<T> extends { readonly output: infer O }
    ? O
    : Unknown
  : Unknown

/** The input type of a schema. */
export type SchemaInput<S, Unknown = unknown> = S extends { readonly '~standard': { readonly types?: infer T } }
  ? NonNullable<T> extends { readonly input: infer I }
    ? I
    : Unknown
  : Unknown

export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain | undefined }

/** A value as JSON data, as it is recorded. A `Date` becomes a string, `undefined` becomes `null`. */
export type Recorded<T> = T extends Plain
  ? T
  : T extends { toJSON(...given: never[]): infer J }
    ? Recorded<J>
    : T extends undefined | void
      ? null
      : T extends object
        ? {
            [K in keyof T]: T extends readonly unknown[]
              ? Recorded<T[K]>
              : T[K] extends undefined
                ? undefined
                : Recorded<Exclude<T[K], undefined>> | Extract<T[K], undefined>
          }
        : T
