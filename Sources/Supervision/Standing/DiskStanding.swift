/// Whether the disk of the worker's cache has enough space for another trial.
struct DiskStanding {
  /// With less free space no trial starts; with twice as much, trials start again.
  static let byteCountMinimum = 64 << 20
  /// After a write failed for lack of space, the disk counts as full for at least this long, since
  /// a quota may apply.
  private static let hold = Duration.seconds(60)

  /// Why no trial can start, for display; nil if there is space.
  private(set) var obstacle: String?
  private var fullUntil = Duration.zero

  /// Notes the free space; returns a text to show, if any.
  mutating func note(freeByteCount: Int, at now: Duration) -> String? {
    if obstacle == nil, freeByteCount < Self.byteCountMinimum {
      obstacle = """
        the disk of its cache has only \(freeByteCount >> 20) MiB free; no trial begins before \
        there are \(2 * Self.byteCountMinimum >> 20)
        """
      return obstacle
    }
    if obstacle != nil, now >= fullUntil, freeByteCount >= 2 * Self.byteCountMinimum {
      obstacle = nil
      return "the disk of its cache has free space again"
    }
    return nil
  }

  /// Notes that a write failed for lack of space; returns a text to show, if any.
  mutating func noteFull(at now: Duration) -> String? {
    fullUntil = now + Self.hold
    guard obstacle == nil else { return nil }
    obstacle = "the disk of its cache is full; no trial starts until there is free space"
    return obstacle
  }
}
