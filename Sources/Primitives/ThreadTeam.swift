import CKernels
import Foundation
import Synchronization

/// Threads that do a piece of work together, each its own share, and wait for each other.
///
/// The thread that makes the team and calls ``run(_:)`` is its thread 0; the others live as long as
/// the team. Between two pieces of work they spin for a while, because the next one mostly comes
/// within microseconds, and then sleep.
///
/// Memory order: the caller writes the work and raises `round` with release; a thread that reads the
/// new `round` with acquire sees the work and all that the caller wrote before it. Each thread
/// lowers `working` with acquire-release when its share is done; the caller, having read 0 with
/// acquire, sees all that the threads wrote. Sleepers hold `lock` while they look at what they wait
/// for, and whoever changes it takes the lock before it wakes them, so that no waking is missed.
package final class ThreadTeam: Sendable {
  /// Threads, the caller's included; from 1 on.
  package let count: Int

  /// What a team that is measured did; the caller's thread alone writes and reads it.
  package struct Measure {
    /// Pieces of work.
    package var rounds = 0
    /// Seconds of the caller's thread in them, its waiting for the others included.
    package var seconds = 0.0

    /// Nothing so far.
    package init() {}
  }

  /// Counts and times pieces of work, if not nil; for benchmarks.
  package nonisolated(unsafe) var measure: Measure?

  private let shared: Shared

  /// What the threads have in common; they keep it alive, and not the team.
  private final class Shared: Sendable {
    /// The number of pieces of work so far; each thread takes part once in each.
    let round = Atomic<Int>(0)
    /// Threads besides the caller's that have not finished the round.
    let working = Atomic<Int>(0)
    /// Whether the threads are to end.
    let ends = Atomic<Bool>(false)
    let condition = NSCondition()
    /// The round's work, valid from the raising of `round` until `working` is 0.
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

    /// Wakes those that sleep; called after what they wait for has changed.
    func wake() {
      condition.lock()
      condition.broadcast()
      condition.unlock()
    }

    /// Does a share of the round's work.
    ///
    /// A function of its own: when it returns, nothing in it holds the closure, whose lifetime ends
    /// with the round.
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

  /// Looks at what is waited for before a thread sleeps: some tens of microseconds.
  private static let spins = 2_000

  /// Starts `count` − 1 threads, which the system shows by `name`, at most 15 bytes.
  package init(count: Int, name: String = "team") {
    precondition(count > 0, "a team has at least the caller's thread")
    self.count = count
    shared = Shared()
    for index in 1..<count {
      let shared = shared
      Thread.detachNewThread {
        // Foundation's name is lost when the thread runs before the call that made it returns.
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

  /// Calls `work` once with each of the numbers 0 ..< count, each on a thread of its own, and returns
  /// when all have returned.
  ///
  /// One call at a time, from one thread at a time; `work` must not call it again. Allocates what
  /// keeps the closure for the other threads, and nothing else.
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

  /// Calls `work` with the share of each thread in `range`, cut at multiples of `unit` from its
  /// beginning; a thread whose share is empty is not called.
  package func share(_ range: Range<Int>, unit: Int = 1, _ work: (Range<Int>, Int) -> Void) {
    let units = (range.count + unit - 1) / unit
    run { thread in
      let first = min(range.lowerBound + units * thread / count * unit, range.upperBound)
      let behind = min(range.lowerBound + units * (thread + 1) / count * unit, range.upperBound)
      if first < behind { work(first..<behind, thread) }
    }
  }
}
