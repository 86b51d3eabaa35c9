import Console
import Downloads
import Foundation
import Sweeps

/// Shows the progress of a download on standard error: one changing line on a terminal, otherwise a
/// line at intervals.
final class DownloadDisplay {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let clock = ContinuousClock()
  private var shown: ContinuousClock.Instant?
  private var hasOpenLine = false

  private var interval: Duration { isTerminal ? .milliseconds(200) : .seconds(10) }

  /// Shows progress, at a limited rate.
  func show(_ progress: DownloadProgress) {
    let now = clock.now
    let isLast = progress.byteCount == progress.total
    if let shown, now - shown < interval, !isLast { return }
    shown = now
    let text = Self.text(progress)
    if isTerminal { TerminalText.redraw(text) } else { TerminalText.tell("\(text)\n") }
    hasOpenLine = isTerminal
    if isLast { endLine() }
  }

  /// Shows the error before a retry.
  func show(trouble: String) {
    endLine()
    TerminalText.tell("\(trouble)\n")
  }

  /// Ends the changing line.
  func endLine() {
    if hasOpenLine { TerminalText.tell("\n") }
    hasOpenLine = false
  }

  /// "t10k-images-idx3-ubyte.gz: 0.8 of 1.6 MB, 0.4 MB/s, 2 s left".
  static func text(_ progress: DownloadProgress) -> String {
    var text = "\(progress.name): \(megabytes(Double(progress.byteCount)))"
    if let total = progress.total { text += " of \(megabytes(Double(total)))" }
    text += " MB"
    if let rate = progress.bytesPerSecond { text += ", \(megabytes(rate)) MB/s" }
    if let left = progress.secondsLeft, progress.byteCount != progress.total {
      text += ", \(PlanSummary.duration(left)) left"
    }
    return text
  }

  private static func megabytes(_ byteCount: Double) -> String {
    String(format: "%.1f", byteCount / 1e6)
  }
}
