import ArgumentParser
import Narrowing

/// The value of `--checkpoint-every`: seconds, or auto.
struct CheckpointEvery: ExpressibleByArgument {
  static let automatic = CheckpointEvery(interval: .adaptive)

  let interval: CheckpointInterval

  private init(interval: CheckpointInterval) { self.interval = interval }

  init?(argument: String) {
    if argument == "auto" {
      interval = .adaptive
      return
    }
    guard let seconds = Double(argument), (0.01...86_400).contains(seconds) else { return nil }
    interval = .seconds(seconds)
  }

  var defaultValueDescription: String {
    switch interval {
    case .adaptive: "auto"
    case .seconds(let seconds): "\(seconds)"
    }
  }
}
