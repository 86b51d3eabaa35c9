import Console
import Testing

@testable import CoordinatorService

@Suite("The display of a running sweep")
struct SweepViewTests {
  private func status(running count: Int = 2, workers: Int = 1) -> SweepStatus {
    var status = SweepStatus(
      sweep: "figure3", question: "How few?", isRunning: true, endpoint: "tcp://127.0.0.1:5750")
    status.counts.complete = 4
    status.counts.running = count
    status.counts.waiting = 10 - 4 - count
    status.forecast = SweepStatus.Forecast(
      earliestSeconds: 7200, latestSeconds: 10800, expectedSeconds: 9000)
    for number in 0..<workers {
      status.workers.append(
        SweepStatus.Worker(
          worker: "w\(number)", host: "node\(number)", slots: 2, running: 1, state: "connected",
          stepsPerSecond: 310, relativeSpeed: 1))
    }
    for number in 0..<count {
      var running = SweepStatus.Running(
        trial: "t0000000000000000", name: "τ = \(number + 3)", stage: "main", attempt: 1,
        worker: "w0", host: "node0", isClaimed: true)
      running.step = 12_345 * (number + 1)
      running.totalSteps = 200_000
      running.mse = 7.906
      running.gatesOpen = 14
      running.remainingSeconds = 600 - Double(number)
      status.running.append(running)
    }
    return status
  }

  private func lines(_ status: SweepStatus, _ columns: Int = 80, _ rows: Int = 23) -> [String] {
    SweepView(status, in: TerminalSize(columns: columns, rows: rows)).lines
  }

  @Test("shows progress and running trials by their varying values, on 80 columns")
  func ordinary() {
    #expect(
      lines(status()) == [
        "figure3: 4 of 10 trials complete, 2 running, 4 waiting; done in 2.0 h to 3.0 h",
        String(repeating: "█", count: 14) + String(repeating: "░", count: 20)
          + "  42 %  1 worker on 1 host, 1 of 2 slots train",
        "trial    step       of   mse  open    left  host",
        "τ = 4  24,690  200,000  7.91    14  10 min  node0",
        "τ = 3  12,345  200,000  7.91    14  10 min  node0",
      ])
  }

  @Test("nothing is wider than the terminal or higher", arguments: [(20, 4), (80, 10), (200, 60)])
  func sizes(columns: Int, rows: Int) {
    var status = status(running: 6, workers: 3)
    status.obstacle = String(repeating: "full ", count: 60)
    status.running[0].name = String(repeating: "τ", count: 300)
    let size = TerminalSize(columns: columns, rows: rows)
    let lines = SweepView(status, in: size).lines
    #expect(lines.count <= rows)
    #expect(lines.contains { $0.hasPrefix("HELD UP: full") })
    // A line that is too long is cut when it is drawn.
    #expect(lines.allSatisfy { TerminalSize.width(of: size.fitted($0)) <= columns })
  }

  @Test("more trials than rows: the last row counts the others")
  func many() {
    let lines = lines(status(running: 5), 80, 6)
    #expect(lines.count == 6)
    #expect(lines.last == "… and 3 more")
  }

  @Test("the progress bar is full only at the end; without workers the display says so")
  func bar() {
    var status = status(running: 0, workers: 0)
    #expect(lines(status)[1].hasSuffix("  40 %  no workers"))
    status.counts.complete = 10
    status.counts.waiting = 0
    #expect(lines(status)[1] == String(repeating: "█", count: 40) + " 100 %  no workers")
    status.counts.complete = 999_999
    status.counts.waiting = 1
    #expect(lines(status)[1].contains("█░ 100 %"))
  }
}
