import CKernels
import Foundation
import Synchronization

/// A fork-join thread pool: each thread does its share of a piece of work, then all wait for each
/// other.
///
/// The thread that creates the team and calls ``run(_:)`` is its thread 0; the others live as long
/// as the team. Between two pieces of work they first spin, because the next one usually follows
/// within microseconds, and then sleep.
///
/// Memory order: the caller writes the work and then increments `round` with release. A thread that
/// reads the new `round` with acquire sees the work and everything the caller wrote before it. Each
/// thread decrements `working` with acquire-release after its share. The caller reads 0 with
/// acquire and so sees everything the threads wrote. A sleeper holds the condition's lock while it
/// checks what it waits for, and a waker takes the lock after the change, so no wake-up is lost.
package final class ThreadTeam: Sendable {
  /// The number of threads, including the caller's; at least 1.
  package let count: Int

  /// What a measured team did.
  ///
  /// Only the caller's thread writes and reads it.
  package struct Measure {
    /// Pieces of work.
    package var rounds = 0
    /// Seconds that the caller's thread spent in them, including its wait for the others.
    package var seconds = 0.0

    /// Nothing so far.
    package init() {}
  }

  /// If not nil, counts and times the pieces of work; for benchmarks.
  package nonisolated(unsafe) var measure: Measure?

  private let shared: Shared

  /// State shared by the threads, which keep it alive; they do not keep the team alive.
  private final class Shared: Sendable {
    /// Pieces of work so far.
    let round = Atomic<Int>(0)
    /// Threads besides the caller's that have not finished the round.
    let working = Atomic<Int>(0)
    /// Whether the threads should exit.
    let ends = Atomic<Bool>(false)
    let condition = NSCondition()
    /// The round's work, valid from the increment of `round` until `working` is 0.
    nonisolated(unsafe) var work: ((_ thread: Int) -> Void)?

    /// Waits until the condition holds: spins first, then sleeps.
    func wait(until holds: () -> Bool) {
      for _ in 0..<ThreadTeam.spins {
        if holds() { return }
        ck_pause()
      }
      condition.lock()
      while !holds() { condition.wait() }
      condition.unlock()
    }

    /// Wakes the sleepers; called after what they wait for has changed.
    func wake() {
      condition.lock()
      condition.broadcast()
      condition.unlock()
    }

    /// Does a share of the round's work.
    ///
    /// A function of its own, not inlined: it releases the closure on return, since the closure
    /// lives only until the round ends.
    @inline(never)
    private func takePart(as thread: Int) { work?(thread) }

    func serve(_ thread: Int) {
      var done = 0
      while true {
        wait { round.load(ordering: .acquiring) != done }
        done += 1
        if ends.load(ordering: .acquiring) { return }
        takePart(as: thread)
        if working.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { wake() }
      }
    }
  }

  /// Checks before a thread sleeps: some tens of microseconds.
  private static let spins = 2_000

  /// Starts `count` − 1 threads, named `name` (at most 15 bytes).
  package init(count: Int, name: String = "team") {
    precondition(count > 0, "a team has at least the caller's thread")
    self.count = count
    shared = Shared()
    for index in 1..<count {
      let shared = shared
      Thread.detachNewThread {
        // `Thread.name` is lost if the thread runs before the call that created it returns.
        ck_name_thread(name)
        shared.serve(index)
      }
    }
  }

  deinit {
    shared.ends.store(true, ordering: .releasing)
    shared.round.add(1, ordering: .releasing)
    shared.wake()
  }

  /// Calls `work` with each of the numbers 0 ..< count, each on its own thread, and returns when
  /// all calls have returned.
  ///
  /// Calls must not overlap, and `work` must not call it again. The only allocation is the
  /// closure's context.
  package func run(_ work: (_ thread: Int) -> Void) {
    guard measure != nil else {
      runUnmeasured(work)
      return
    }
    let elapsed = ContinuousClock().measure { runUnmeasured(work) }
    measure?.rounds += 1
    measure?.seconds += elapsed / .seconds(1)
  }

  private func runUnmeasured(_ work: (_ thread: Int) -> Void) {
    guard count > 1 else {
      work(0)
      return
    }
    withoutActuallyEscaping(work) { work in
      shared.work = work
      shared.working.store(count - 1, ordering: .relaxed)
      shared.round.add(1, ordering: .releasing)
      shared.wake()
      work(0)
      shared.wait { shared.working.load(ordering: .acquiring) == 0 }
      shared.work = nil
    }
  }

  /// Splits `range` among the threads at multiples of `unit` from its start, and calls `work` with
  /// each thread's share, unless it is empty.
  package func share(_ range: Range<Int>, unit: Int = 1, _ work: (Range<Int>, Int) -> Void) {
    let units = (range.count + unit - 1) / unit
    run { thread in
      let first = min(range.lowerBound + units * thread / count * unit, range.upperBound)
      let end = min(range.lowerBound + units * (thread + 1) / count * unit, range.upperBound)
      if first < end { work(first..<end, thread) }
    }
  }
}
