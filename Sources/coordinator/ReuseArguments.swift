import ArgumentParser
import Console
import Foundation

/// The sweeps whose results are reused.
struct ReuseArguments: ParsableArguments {
  @Option(
    name: .customLong("reuse"), parsing: .singleValue,
    help: ArgumentHelp(
      "Reuses results from another sweep's folder; may be repeated.",
      discussion: """
        A result is reused if its configuration is equal in every setting, it was trained on \
        the same images, a build of the same release computed it, and each of its files is there \
        with its digest. provenance.csv names its source.
        """, valueName: "dir"), completion: .sweepFolder)
  var reuse: [Folder] = []

  @Flag(name: .customLong("reuse-any-build"), help: "Reuses results of other releases too.")
  var anyBuild = false

  var folders: [URL] { reuse.map(\.url) }

  func validate() throws {
    guard !anyBuild || !reuse.isEmpty else {
      throw ValidationError("--reuse-any-build: expected with --reuse DIR")
    }
  }
}
