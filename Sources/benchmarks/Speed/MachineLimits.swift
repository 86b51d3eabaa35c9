import Benches
import Primitives

/// The core's arithmetic and memory limits, measured next to the code that is compared with them.
struct MachineLimits {
  private let peak: PeakArithmetic
  private let instructionSet: InstructionSet
  private let rounds = 400_000
  private var arithmetic = Samples()
  private var copies: [CopyPace]

  /// Copies of 1, 4 and 16 MB; the size counts bytes read and written.
  init(_ arithmetic: Arithmetic) {
    instructionSet = .effective(for: arithmetic)
    peak = PeakArithmetic(instructionSet: instructionSet, arithmetic: arithmetic)
    copies = [1 << 20, 4 << 20, 16 << 20].map { CopyPace(bytes: $0) }
  }

  /// Takes one more sample of everything; call it once per repetition.
  mutating func sample() {
    let (peak, rounds) = (peak, rounds)
    arithmetic.time {
      let sum = peak.run(rounds: rounds, factor: 0.5, addend: 1)
      precondition(sum.isFinite, "the iteration converges")
    }
    for index in copies.indices { copies[index].sample() }
  }

  /// The peak rate of multiply-adds, in 10⁹ floating-point operations per second.
  var peakGigaflops: Double {
    let multiplies = Double(rounds * peak.multipliesPerRound)
    return 2 * multiplies / arithmetic.processorMilliseconds / 1e6
  }

  /// The minimum time of successive passes: the arithmetic of each at the peak rate, plus its
  /// memory at the rate of the largest copy that is not larger.
  func floorMilliseconds(_ passes: [Work]) -> Double {
    passes.reduce(0) { sum, work in
      let copy = copies.last { $0.bytes <= work.bytes } ?? copies[0]
      return sum + 2 * Double(work.multiplies) / peakGigaflops / 1e6
        + Double(work.bytes) / copy.gigabytesPerSecond / 1e6
    }
  }

  /// Both limits in one line.
  var summary: String {
    let paces = copies.map { "\($0.gigabytesPerSecond.text(0))" }.joined(separator: "/")
    return "\(instructionSet.rawValue), multiply-adds on registers "
      + "\(peakGigaflops.text(1)) GFLOP/s, copies of 1/4/16 MB \(paces) GB/s"
  }
}

/// The rate of copies between two halves of a buffer.
private struct CopyPace {
  /// Bytes read and written together.
  let bytes: Int
  private let buffer: AlignedBuffer<UInt8>
  private var samples = Samples()

  init(bytes: Int) {
    self.bytes = bytes
    buffer = AlignedBuffer(count: bytes)
  }

  mutating func sample() {
    let (start, half) = (buffer.start, bytes / 2)
    // The first copy reads a small buffer into cache again.
    (start + half).update(from: start, count: half)
    samples.time { (start + half).update(from: start, count: half) }
  }

  var gigabytesPerSecond: Double { Double(bytes) / samples.processorMilliseconds / 1e6 }
}

/// The minimum work of a computation.
struct Work {
  /// Multiply-adds.
  var multiplies = 0
  /// Bytes of activations, gradients and weights read and written, each once per pass.
  var bytes = 0
}
