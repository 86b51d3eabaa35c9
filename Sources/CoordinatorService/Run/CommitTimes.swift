/// Durations of the record's commits.
struct CommitTimes {
  /// The reported maximum covers so many recent commits.
  private static let recentCount = 1000

  private var count = 0
  private var total = Duration.zero
  private var recent: [Duration] = []

  /// Adds the duration of a commit.
  mutating func note(_ time: Duration) {
    if recent.count < Self.recentCount {
      recent.append(time)
    } else {
      recent[count % Self.recentCount] = time
    }
    count += 1
    total += time
  }

  /// The durations as `status` shows them.
  var status: SweepStatus.Commits {
    let sorted = recent.sorted()
    // The smallest duration that at least 99 of 100 do not exceed ("nearest rank").
    let p99 = sorted.isEmpty ? .zero : sorted[(sorted.count * 99 + 99) / 100 - 1]
    return SweepStatus.Commits(
      count: count, seconds: total / .seconds(1),
      longestSeconds: (sorted.last ?? .zero) / .seconds(1), p99Seconds: p99 / .seconds(1))
  }
}
