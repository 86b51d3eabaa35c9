/// Whether the disk of the worker's cache has room for another trial.
struct DiskStanding {
  /// With less free, no trial begins; with twice as much, one does again.
  static let byteCountMinimum = 64 << 20
  /// A disk on which something failed for lack of room counts as full at least for so long,
  /// whatever it says: there are quotas, too.
  private static let hold = Duration.seconds(60)

  /// What keeps trials from beginning, for people; nil when there is room.
  private(set) var obstacle: String?
  private var fullUntil = Duration.zero

  /// Takes in how much room there is; returns what people should know.
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
      return "the disk of its cache has room again"
    }
    return nil
  }

  /// Takes in that something failed for lack of room; returns what people should know.
  mutating func noteFull(at now: Duration) -> String? {
    fullUntil = now + Self.hold
    guard obstacle == nil else { return nil }
    obstacle = "the disk of its cache is full; no trial begins before there is room"
    return obstacle
  }
}
