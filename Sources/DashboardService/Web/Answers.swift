import CoordinatorService
import Foundation
import HTTPTypes
import Hummingbird

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
      status: status, headers: [.contentType: type],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}
