import ArgumentParser
import Doctor
import WorkerService

/// How many threads one trial may have.
enum TrialThreads {
  /// Throws a `ValidationError` unless a trial here can use so many: as many as the cores that this
  /// process may use, and as the parts that a batch is cut into.
  static func validate(_ threads: Int, option: String) throws {
    let maximum = min(UsableCores.count, SingleTrial.maximumThreads)
    guard (1...maximum).contains(threads) else {
      throw ValidationError(
        "\(option): found \(threads), expected 1 to \(maximum): at most the "
          + "\(UsableCores.count) cores that this process may use, and at most "
          + "\(SingleTrial.maximumThreads)")
    }
  }
}
