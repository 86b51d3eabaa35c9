import ArgumentParser
import Foundation
import Narrowing

/// `benchmarks load`: a trial that takes steps when told to, a child of `benchmarks scaling`.
struct LoadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "load", shouldDisplay: false)

  @OptionGroup var shapes: ShapeOptions

  /// How long to take steps.
  struct Request: Codable {
    var seconds: Double
  }

  /// What came of it.
  struct Answer: Codable {
    /// Steps taken.
    var steps: Int
    /// What they took.
    var elapsed: Elapsed
    /// Memory of the process that is resident, in bytes.
    var residentBytes: Int
    /// Pages that the kernel had to hand out during the steps.
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
