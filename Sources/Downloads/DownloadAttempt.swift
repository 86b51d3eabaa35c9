/// One request for the rest of a file: checks the response's head and writes the body.
final class DownloadAttempt: ResponseReceiver {
  private let file: PublishedFile
  private let partial: PartialDownload
  private let offset: Int
  private let progressed: (Int, Int?) -> Void
  private var head = ResponseHead()
  private var announced: Int?
  private var isJudged = false
  private var refusal: Outcome?

  /// The outcome of an attempt.
  enum Outcome: Error {
    /// All announced bytes are received.
    case complete
    /// Bytes may be missing; another attempt may receive them.
    case broken(String)
    /// This address does not have the file.
    case refused(String)
    /// A local operation failed, such as writing to a full disk.
    case failed(DownloadError)
  }

  private static let requestTimeout = 408
  private static let tooManyRequests = 429

  /// - Parameter progressed: Called with the bytes received and the bytes of the whole file.
  init(
    _ file: PublishedFile, into partial: PartialDownload, progressed: @escaping (Int, Int?) -> Void
  ) {
    self.file = file
    self.partial = partial
    self.progressed = progressed
    offset = partial.byteCount
  }

  /// Requests the file from an address.
  func run(_ address: String, _ settings: DownloadSettings) throws(DownloadError) -> Outcome {
    let ending = try HTTPRequest(address: address, offset: offset, settings: settings)
      .send(to: self)
    // Check a response without body here, unless it is a redirection.
    switch ending {
    case .complete: judge()
    case .ended: break
    case .broken where head.isComplete && !head.isRedirection: judge()
    case .broken: break
    case .impossible(let reason): return .refused(reason)
    }
    if let refusal { return refusal }
    if case .broken(let reason) = ending {
      return .broken("\(reason), after \(partial.byteCount) bytes")
    }
    if let expected = file.byteCount, partial.byteCount != expected {
      return .broken("ended after \(partial.byteCount) of \(expected) bytes")
    }
    return .complete
  }

  func take(headLine: String) { head.take(headLine) }

  func take(body: UnsafeRawBufferPointer) -> Bool {
    judge()
    guard refusal == nil else { return false }
    do throws(DownloadError) {
      guard partial.byteCount + body.count <= file.byteMaximum else {
        refusal = .refused("sends more than the expected \(file.byteMaximum) bytes")
        try partial.restart()
        return false
      }
      try partial.append(body)
    } catch {
      refusal = .failed(error)
      return false
    }
    progressed(partial.byteCount, file.byteCount ?? announced)
    return true
  }

  /// Decides by the head whether to write the body.
  private func judge() {
    guard !isJudged else { return }
    isJudged = true
    do throws(Outcome) {
      let total = try wholeByteCount()
      if let type = head.contentType, type == "text/html" {
        throw .refused("found a web page (\(type)), expected the file; is a login in the way?")
      }
      guard let total else { return }
      announced = total
      if let expected = file.byteCount, total != expected {
        throw .refused("announces \(total) bytes, expected \(expected)")
      }
      guard total <= file.byteMaximum else {
        throw .refused("announces \(total) bytes, expected at most \(file.byteMaximum)")
      }
    } catch {
      refusal = error
    }
  }

  /// The whole file's size from the head, nil if it is not stated; restarts the file if the server
  /// sends it from the start.
  private func wholeByteCount() throws(Outcome) -> Int? {
    switch head.status {
    case 200:
      if offset > 0 {
        do throws(DownloadError) { try partial.restart() } catch { throw .failed(error) }
      }
      return head.contentLength
    case 206:
      guard let range = head.range, range.start == offset else {
        let found = head.range?.start.map { "byte \($0)" } ?? "no place"
        throw .refused("answers with a part from \(found) on, expected byte \(offset)")
      }
      return range.total
    case 416 where head.range?.total == offset && offset > 0: return offset
    case 416:
      do throws(DownloadError) { try partial.restart() } catch { throw .failed(error) }
      throw .broken("has less than \(offset) bytes")
    case let status?
    where status >= 500 || status == Self.requestTimeout
      || status == Self.tooManyRequests:
      throw .broken("answers with HTTP status \(status)")
    case let status?: throw .refused("answers with HTTP status \(status)")
    case nil: throw .broken("no answer in HTTP")
    }
  }
}
