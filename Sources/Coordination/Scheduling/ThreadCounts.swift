/// The numbers of threads that a trial is given, and how much faster it is with them.
///
/// A batch is cut into eight parts, whatever the number of threads. The numbers between these would
/// leave threads without a part: with five threads, as with four, some thread has two parts.
package enum ThreadCounts {
  /// The numbers, ascending.
  package static let all = [1, 2, 4, 8]

  /// The speed with so many threads, relative to one thread, before it is learned.
  ///
  /// With two threads as measured: 1.9 for images of 64×64, 1.6 to 1.8 for 28×28. With four and
  /// eight it follows from the measured serial part and the cost of the barriers; the lower ends.
  package static func expectedSpeedUp(_ threads: Int) -> Double {
    switch threads {
    case ..<2: 1
    case ..<4: 1.8
    case ..<8: 3.3
    default: 5.5
    }
  }

  /// The next larger number; nil for the largest.
  static func next(after threads: Int) -> Int? { all.first { $0 > threads } }

  /// The next smaller number; nil for 1.
  static func previous(before threads: Int) -> Int? { all.last { $0 < threads } }

  /// The largest number that is at most `cores`; 1 for fewer cores.
  package static func largest(in cores: Int) -> Int { all.last { $0 <= cores } ?? 1 }
}
