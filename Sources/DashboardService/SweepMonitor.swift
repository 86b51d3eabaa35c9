import CoordinatorService
import Foundation
import Glibc
import Reports
import Store
import Synchronization
import Trials

/// Updates the ``SweepBoard`` of one folder on three threads: one reads the record, one draws the
/// front, one asks the coordinator.
///
/// For any number of pages, the record is read once a second and the coordinator is asked at most
/// every ``askingRest``, and only while pages are open. Neither waits for a browser.
final class SweepMonitor: Sendable {
  /// Interval between reads of the record, in seconds.
  private static let lookingRest = 1.0
  /// The longest interval after failed reads, each of which starts from the beginning, in seconds.
  private static let damageRestMaximum = 60.0
  /// Interval between requests to the coordinator, in seconds, or a hundred times the duration of
  /// its answer if that is longer.
  private static let askingRest = 2.0
  /// How long after a page's last request the coordinator is still asked, in seconds.
  private static let interest = 30.0

  /// The most records added to the board under one lock.
  private static let pieceCount = 100

  /// The front as it was drawn last.
  struct Drawings: Sendable {
    /// The revision of the board that it shows; -1 for none.
    var revision = -1
    var front: LiveFront?
  }

  /// The sweep's folder.
  let folder: URL
  private let board = Mutex(SweepBoard())
  private let drawings = Mutex(Drawings())
  private let lastInterest = Mutex(Date.distantPast)
  private let isStopped = Atomic(false)

  /// Starts to follow the sweep of a folder.
  ///
  /// - Throws: `StoreError` when it holds no record of a sweep that can be read.
  init(_ folder: URL) throws(StoreError) {
    self.folder = folder
    let follower = try SweepFollower(directory: folder)
    board.withLock { $0.follower = follower }
  }

  /// Starts the threads; they live until ``stop()``.
  func start() {
    Thread.detachNewThread { self.follow() }
    Thread.detachNewThread { self.draw() }
    Thread.detachNewThread { self.ask() }
  }

  /// Ends the threads soon.
  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// Reads the board, and notes the interest of a page.
  func read<Value: Sendable>(_ body: (inout SweepBoard) throws -> Value) rethrows -> Value {
    lastInterest.withLock { $0 = Date() }
    return try board.withLock { board in try body(&board) }
  }

  /// The front as it was drawn last.
  var drawn: Drawings { drawings.withLock { $0 } }

  /// Lowers the priority, as for the reports' thread, so that handling results comes first.
  private func lowerPriority() { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10) }

  private func follow() {
    lowerPriority()
    guard var tail = board.withLock({ $0.follower?.start }) else { return }
    var failures = 0
    while !isStopped.load(ordering: .relaxed) {
      let began = Date()
      do {
        try lookToEnd(&tail)
        failures = 0
      } catch {
        board.withLock { $0.show(problem: "\(error)") }
        failures += 1
      }
      nap(Self.rest(after: failures, took: Date().timeIntervalSince(began)))
    }
  }

  /// How long to wait for the next look, in seconds.
  ///
  /// - Parameters:
  ///   - failures: How many looks in a row have failed.
  ///   - took: What the last look took, in seconds.
  static func rest(after failures: Int, took: Double) -> Double {
    guard failures > 0 else { return lookingRest }
    let doubled = lookingRest * pow(2, Double(min(failures, 16)))
    // Never more than a tenth of a core.
    return max(min(doubled, damageRestMaximum), 10 * took)
  }

  /// Reads the record without the lock and adds the new records to the board in small pieces.
  private func lookToEnd(_ tail: inout RecordTail) throws(StoreError) {
    var hasMore = true
    while hasMore, !isStopped.load(ordering: .relaxed) {
      let began = Date()
      let news = try tail.look()
      hasMore = news.hasMore
      for piece in news.pieces(of: Self.pieceCount) { take(piece) }
      if hasMore, board.withLock({ $0.isLoaded }) {
        // Use at most an eighth of a core. If the coordinator stores thousands of results per second,
        // the board lags behind and catches up later.
        Thread.sleep(forTimeInterval: min(7 * Date().timeIntervalSince(began), 2))
      }
    }
  }

  private func take(_ news: RecordTail.News) {
    guard news.plan != nil else {
      board.withLock { $0.take(news) }
      return
    }
    // A large plan takes long, so prepare its board without the lock.
    var next = board.withLock { $0 }
    next.take(news)
    board.withLock { $0 = next.replacing($0) }
  }

  private func draw() {
    lowerPriority()
    while !isStopped.load(ordering: .relaxed) {
      let began = Date()
      let (results, spent, total, revision) = board.withLock { board in
        (
          board.isLoaded ? board.follower?.results : nil, board.coreHoursAtResult,
          board.coreHours, board.recordRevision
        )
      }
      if let results, revision != drawings.withLock({ $0.revision }) {
        let front = LiveFront(of: results, spent: spent, total: total)
        drawings.withLock { $0 = Drawings(revision: revision, front: front) }
        board.withLock { $0.noteDrawing() }
      }
      // Never more than a tenth of a core.
      nap(max(Self.lookingRest, 10 * Date().timeIntervalSince(began)))
    }
  }

  private func ask() {
    while !isStopped.load(ordering: .relaxed) {
      var rest = Self.askingRest
      if Date().timeIntervalSince(lastInterest.withLock { $0 }) < Self.interest {
        let began = Date()
        do {
          let reply = try AdministrationClient.ask(AdministrationRequest(.status), in: folder)
          board.withLock { $0.show(live: reply?.status, at: began) }
        } catch {
          board.withLock { $0.show(live: nil, silence: "\(error)", at: began) }
        }
        rest = max(rest, 100 * Date().timeIntervalSince(began))
      } else {
        rest = 0.5
      }
      nap(rest)
    }
  }

  /// Sleeps in short intervals, so that the thread ends soon.
  private func nap(_ seconds: Double) {
    let end = Date() + seconds
    while Date() < end, !isStopped.load(ordering: .relaxed) {
      Thread.sleep(forTimeInterval: 0.25)
    }
  }
}
