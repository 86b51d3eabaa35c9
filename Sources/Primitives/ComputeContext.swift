import CKernels

/// What the operations of one network share: the kernels of the instruction set, a team of threads,
/// and for each of these a scratchpad that is as large as the hungriest operation needs.
///
/// A batch is cut into at most ``partCount`` parts, whatever the threads; each thread takes whole
/// parts, and sums over images are taken within a part and then over the parts in order. So the
/// results are the same to the last bit for any number of threads.
///
/// Operations keep their context alive. A context and its operations belong to one thread at a
/// time, which is thread 0 of the team.
package final class ComputeContext {
  /// The instruction set of the kernels.
  package let instructionSet: InstructionSet
  /// What the kernels multiply.
  package let arithmetic: Arithmetic
  let kernels: ck_kernels
  /// The threads that compute.
  package let team: ThreadTeam
  private var scratchpads: [AlignedBuffer<Float>]

  /// The most parts of a batch.
  package static var partCount: Int { 8 }

  /// A context without scratch memory.
  ///
  /// - Parameters:
  ///   - instructionSet: For the kernels; at most the processor's. By default the widest that is
  ///     used for the arithmetic.
  ///   - arithmetic: What the kernels multiply.
  ///   - threads: How many threads compute; no result depends on it.
  /// - Throws: ``PrimitiveError`` when the processor, or the limit that the environment sets, does
  ///   not have the instruction set.
  package init(
    instructionSet: InstructionSet? = nil, arithmetic: Arithmetic = .fp32, threads: Int = 1
  ) throws(PrimitiveError) {
    let available = InstructionSet.effective(for: arithmetic)
    let instructionSet = instructionSet ?? available
    guard available.includes(instructionSet) else {
      throw .unavailable(instructionSet, available: available)
    }
    self.instructionSet = instructionSet
    self.arithmetic = arithmetic
    kernels = instructionSet.kernels(for: arithmetic)
    team = ThreadTeam(count: threads)
    scratchpads = (0..<threads).map { _ in AlignedBuffer(count: 0) }
  }

  /// Floats whose room `count` numbers of an activation, or of its gradient, take: in bf16 half as
  /// many.
  package func storedCount(_ count: Int) -> Int {
    (count + Int(kernels.stored_per_float) - 1) / Int(kernels.stored_per_float)
  }

  /// Makes the scratchpads at least this large; for the creation of operations.
  func reserveScratchpad(count: Int) {
    for thread in scratchpads.indices where count > scratchpads[thread].elements.count {
      scratchpads[thread] = AlignedBuffer(count: count)
    }
  }

  /// Memory that an operation may use on a thread while it executes.
  func scratch(_ thread: Int) -> UnsafeMutablePointer<Float> { scratchpads[thread].start }

  /// Calls `work` on every thread with the parts of a batch that it takes, if any, and its number.
  func shareParts(
    of shape: ck_convolution, _ work: (UnsafePointer<ck_convolution>, Int) -> Void
  ) {
    team.share(0..<Int(shape.end_part)) { parts, thread in
      var share = shape
      share.first_part = Int64(parts.lowerBound)
      share.end_part = Int64(parts.upperBound)
      work(&share, thread)
    }
  }

  /// Adds the weights' gradients of parts up, in order, into the first run, after
  /// ``shareParts(of:_:)``: the thread that took the first part has added its own already.
  func addParts(_ runs: UnsafeMutablePointer<Float>, of shape: ck_convolution, count: Int) {
    let added = max(Int(shape.end_part) / team.count, 1)
    guard added < shape.end_part else { return }
    team.share(0..<count, unit: 1024) { elements, _ in
      ck_add_parts(
        runs, Int64(added), shape.end_part, Int64(count), Int64(elements.lowerBound),
        Int64(elements.upperBound))
    }
  }
}
