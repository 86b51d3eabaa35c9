/// Whether the disk of the worker's cache has room for another trial.
struct DiskStanding {
  /// With less free, no trial begins; with twice as much, one does again.
  static let byteCountMinimum = 64 << 20
  /// A disk on which something failed for lack of room counts as full at least for so long,
  /// whatever it says: there are quotas, too.
  private static let hold = Duration.seconds(60)

  private(set) var isFull = false
  private var fullUntil = Duration.zero

  /// Takes in how much room there is; returns what people should know.
  mutating func note(freeByteCount: Int, at now: Duration) -> String? {
    if !isFull, freeByteCount < Self.byteCountMinimum {
      isFull = true
      return """
        the disk of the cache has only \(freeByteCount >> 20) MiB free; no trial begins before \
        there are \(2 * Self.byteCountMinimum >> 20)
        """
    }
    if isFull, now >= fullUntil, freeByteCount >= 2 * Self.byteCountMinimum {
      isFull = false
      return "the disk of the cache has room again"
    }
    return nil
  }

  /// Takes in that something failed for lack of room; returns what people should know.
  mutating func noteFull(at now: Duration) -> String? {
    fullUntil = now + Self.hold
    guard !isFull else { return nil }
    isFull = true
    return "the disk of the cache is full; no trial begins before there is room"
  }
}
