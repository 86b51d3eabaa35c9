/// How long the commits of the record take.
struct CommitTimes {
  /// Of so many of the last ones the longest is told.
  private static let recentCount = 1000

  private var count = 0
  private var total = Duration.zero
  private var recent: [Duration] = []

  /// Notes how long a commit has taken.
  mutating func note(_ time: Duration) {
    if recent.count < Self.recentCount {
      recent.append(time)
    } else {
      recent[count % Self.recentCount] = time
    }
    count += 1
    total += time
  }

  /// What `status` tells of them.
  var status: SweepStatus.Commits {
    SweepStatus.Commits(
      count: count, seconds: total / .seconds(1),
      longestSeconds: (recent.max() ?? .zero) / .seconds(1))
  }
}
