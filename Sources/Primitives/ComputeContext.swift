import CKernels

/// What the operations of one network share: the kernels of an instruction set, a team of threads,
/// and per thread a scratchpad, sized for the operation that needs most.
///
/// A batch is split into at most ``partCount`` parts, whatever the number of threads. Each thread
/// takes whole parts; sums over images are taken within a part, then over the parts in order. So
/// results are identical to the bit for any number of threads.
///
/// Operations keep their context alive. Only one thread at a time, thread 0 of the team, may use a
/// context and its operations.
package final class ComputeContext {
  /// The instruction set of the kernels.
  package let instructionSet: InstructionSet
  /// What the kernels multiply.
  package let arithmetic: Arithmetic
  let kernels: ck_kernels
  /// The threads that compute.
  package let team: ThreadTeam
  private var scratchpads: [AlignedBuffer<Float>]

  /// The most parts that a batch is split into.
  package static var partCount: Int { 8 }

  /// A context without scratch memory.
  ///
  /// - Parameters:
  ///   - instructionSet: For the kernels. By default the widest that this process uses for the
  ///     arithmetic.
  ///   - arithmetic: What the kernels multiply.
  ///   - threads: How many threads compute; results do not depend on it.
  /// - Throws: ``PrimitiveError`` if the processor lacks the instruction set, or the environment's
  ///   limit excludes it.
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

  /// Floats that `count` numbers of an activation or its gradient take; in bf16 half as many.
  package func storedCount(_ count: Int) -> Int {
    (count + Int(kernels.stored_per_float) - 1) / Int(kernels.stored_per_float)
  }

  /// Makes the scratchpads at least this large; operations call it when they are created.
  func reserveScratchpad(count: Int) {
    for thread in scratchpads.indices where count > scratchpads[thread].elements.count {
      scratchpads[thread] = AlignedBuffer(count: count)
      // A kernel that reads scratch memory before it has written it computes NaN.
      scratchpads[thread].elements.update(repeating: .nan)
    }
  }

  /// The scratch memory of a thread, for the operation that executes.
  func scratch(_ thread: Int) -> UnsafeMutablePointer<Float> { scratchpads[thread].start }

  /// Calls `work` on every thread with its share of the batch's parts, unless it is empty, and the
  /// thread's number.
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

  /// Adds the parts' weight gradients to the first buffer, in order, after ``shareParts(of:_:)``.
  ///
  /// The thread that took the first part has added up its own parts already.
  func addParts(_ buffers: UnsafeMutablePointer<Float>, of shape: ck_convolution, count: Int) {
    let added = max(Int(shape.end_part) / team.count, 1)
    guard added < shape.end_part else { return }
    team.share(0..<count, unit: 1024) { elements, _ in
      ck_add_parts(
        buffers, Int64(added), shape.end_part, Int64(count), Int64(elements.lowerBound),
        Int64(elements.upperBound))
    }
  }
}
