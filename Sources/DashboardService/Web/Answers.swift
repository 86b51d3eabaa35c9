import CoordinatorService
import Foundation
import HTTPTypes
import Hummingbird
import Trials

/// The kinds of answers of the dashboard.
enum Answers {
  /// A sentence.
  static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
    bytes(Array((text + "\n").utf8), "text/plain; charset=utf-8", status: status)
  }

  /// An object, keys in snake case.
  static func json(_ value: some Encodable) throws -> Response {
    bytes(Array(try AnswerJSON.encoder.encode(value)), "application/json")
  }

  /// Encoded JSON.
  static func json(made data: Data) -> Response { bytes(Array(data), "application/json") }

  /// A drawing.
  static func svg(_ data: Data) -> Response { bytes(Array(data), "image/svg+xml") }

  /// Bytes of a type.
  static func bytes(
    _ bytes: [UInt8], _ type: String, status: HTTPResponse.Status = .ok
  ) -> Response {
    Response(
      status: status, headers: [.contentType: type], body: body(ByteBuffer(bytes: bytes)))
  }

  /// The most bytes per write.
  private static let pieceByteCount = 64 << 10

  /// A body written in pieces, since ``WriteDeadline`` limits the duration of each write.
  private static func body(_ buffer: ByteBuffer) -> ResponseBody {
    guard buffer.readableBytes > pieceByteCount else { return ResponseBody(byteBuffer: buffer) }
    return ResponseBody(contentLength: buffer.readableBytes) { writer in
      var rest = buffer
      while rest.readableBytes > 0 {
        let count = min(rest.readableBytes, pieceByteCount)
        if let piece = rest.readSlice(length: count) { try await writer.write(piece) }
      }
      try await writer.finish(nil)
    }
  }
}
