/** The address of a file that the build puts beside the scripts, named by its hash. */
declare module "*?url" {
  const address: string;
  export default address;
}
