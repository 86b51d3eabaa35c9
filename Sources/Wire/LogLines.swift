import Trials

extension WorkerMessage {
  /// Log lines of a worker, in order.
  package struct LogLines: Hashable, Sendable {
    /// At most 256 lines, without line feeds; each is cut to 4,096 bytes when sent.
    package var lines: [String]
    /// How many lines were dropped before these.
    package var leftOutCount: Int

    /// Some lines of a log.
    package init(lines: [String], leftOutCount: Int = 0) {
      self.lines = lines
      self.leftOutCount = leftOutCount
    }
  }
}

extension WorkerMessage.LogLines {
  init(_ body: PBLogLines) throws(WireError) {
    _ = try Field.count(body.lines.count, "lines", in: 0...WireLimits.logLineCount)
    var lines: [String] = []
    var byteCount = 0
    for line in body.lines {
      byteCount += line.utf8.count
      let text = try Field.text(line, "lines")
      lines.append(text.replacing(scalar: "\n", with: " "))
    }
    guard byteCount <= WireLimits.logByteCount else {
      throw .tooLarge(place: "lines bytes", count: byteCount, limit: WireLimits.logByteCount)
    }
    self.init(lines: lines, leftOutCount: try Field.count(body.leftOut, "left_out"))
  }

  func body() throws(WireError) -> PBLogLines {
    _ = try Field.count(lines.count, "lines", in: 0...WireLimits.logLineCount)
    var body = PBLogLines()
    body.lines = lines.map { Field.head(of: $0) }
    _ = try Field.count(
      body.lines.reduce(0) { $0 + $1.utf8.count }, "lines bytes", in: 0...WireLimits.logByteCount)
    body.leftOut = UInt64(clamping: leftOutCount)
    return body
  }
}
