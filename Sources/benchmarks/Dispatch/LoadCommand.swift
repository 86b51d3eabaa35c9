import ArgumentParser
import Foundation
import Narrowing

/// `benchmarks load`: a trial that takes steps on request; a child of `benchmarks scaling`.
struct LoadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "load", shouldDisplay: false)

  @OptionGroup var shapes: ShapeOptions

  /// The request: how long to take steps.
  struct Request: Codable {
    var seconds: Double
  }

  /// The answer.
  struct Answer: Codable {
    /// Steps taken.
    var steps: Int
    /// Their time.
    var elapsed: Elapsed
    /// The process's resident memory in bytes.
    var residentBytes: Int
    /// Minor page faults during the steps.
    var pageFaults: Int
  }

  func run() throws {
    guard let network = shapes.networks.first else { return }
    let trainer = try network.trainer(forceSecondPass: false)
    for _ in 0..<2 { _ = try trainer.step() }
    while let line = readLine() {
      let request = try JSONDecoder().decode(Request.self, from: Data(line.utf8))
      var steps = 0
      let faults = ProcessMemory.pageFaults
      let clock = ContinuousClock()
      let end = clock.now + .seconds(request.seconds)
      let elapsed = try Elapsed {
        while clock.now < end {
          _ = try trainer.step()
          steps += 1
        }
      }
      let answer = Answer(
        steps: steps, elapsed: elapsed, residentBytes: ProcessMemory.residentBytes,
        pageFaults: ProcessMemory.pageFaults - faults)
      var text = try JSONEncoder().encode(answer)
      text.append(UInt8(ascii: "\n"))
      try FileHandle.standardOutput.write(contentsOf: text)
    }
  }
}
