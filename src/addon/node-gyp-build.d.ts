declare module 'node-gyp-build' {
  /** Loads the native binary of the package at `directory`: a prebuilt one, else build/Release. */
  export default function load(directory: string): unknown;
}
