import Digests
import GRDB
import Trials

/// A trajectory assembled from a trial's recorded pieces.
package struct TrajectoryAssembly: Sendable {
  /// The whole file.
  package let bytes: [UInt8]
  /// The end of the first piece of the attempt that differs from the file; nil if all agree.
  package let contradictedAt: Int?

  /// Follows the pieces back from the file's end to its beginning.
  ///
  /// - Parameters:
  ///   - file: The file's count of bytes and its digest.
  ///   - attempt: The attempt that claims this trajectory.
  /// - Returns: Nil if pieces are missing.
  init?(of file: TrajectoryPrefix, attempt: Int, pieces: [PieceRows.Stored]) {
    var piecesByEnd: [Digest: PieceRows.Stored] = [:]
    for piece in pieces { piecesByEnd[piece.end.digest] = piece }
    var chain: [PieceRows.Stored] = []
    var end = file.digest
    while end != TrajectoryPrefix.empty.digest {
      // No piece is empty, so a chain has at most as many links as there are pieces.
      guard let piece = piecesByEnd[end], chain.count < pieces.count else { return nil }
      chain.append(piece)
      end = piece.start
    }
    let bytes = chain.reversed().flatMap(\.payload)
    guard bytes.count == file.byteCount, Digest.of(bytes) == file.digest else { return nil }
    self.bytes = bytes
    contradictedAt = Self.contradiction(
      of: bytes, pieces.filter { $0.attempt == attempt }.map(\.end))
  }

  /// The first of the prefixes that the file does not begin with.
  private static func contradiction(
    of bytes: [UInt8], _ prefixes: [TrajectoryPrefix]
  ) -> Int? {
    var stream = DigestStream()
    var position = 0
    for prefix in prefixes.sorted(by: { $0.byteCount < $1.byteCount }) {
      guard prefix.byteCount <= bytes.count else { return prefix.byteCount }
      stream.append(bytes[position..<prefix.byteCount])
      position = prefix.byteCount
      if stream.digest != prefix.digest { return prefix.byteCount }
    }
    return nil
  }
}

extension SweepStore {
  /// Assembles the trajectory of an unfinished trial.
  ///
  /// - Returns: Nil if pieces are missing.
  package func trajectory(
    of trial: TrialID, _ file: TrajectoryPrefix, attempt: Int
  ) throws(StoreError) -> TrajectoryAssembly? {
    do {
      let pieces = try queue.read { database in
        try PieceRows.fetch(ofTrial: try numbers.number(of: trial), in: database)
      }
      return TrajectoryAssembly(of: file, attempt: attempt, pieces: pieces)
    } catch {
      throw StoreError(error, path: path)
    }
  }
}

extension SweepReader {
  /// The longest recorded trajectory of each unfinished trial, heading and rows.
  package func trajectories(of trials: [TrialID]) throws(StoreError) -> [TrialID: [UInt8]] {
    try read { database in
      let numbers = try self.storedPlan(in: database).numbers
      var texts: [TrialID: [UInt8]] = [:]
      for trial in trials {
        let pieces = try PieceRows.fetch(ofTrial: try numbers.number(of: trial), in: database)
        let longest = pieces.max { $0.end.byteCount < $1.end.byteCount }
        if let longest,
          let assembly = TrajectoryAssembly(of: longest.end, attempt: 0, pieces: pieces)
        {
          texts[trial] = assembly.bytes
        }
      }
      return texts
    }
  }
}
