import SwiftProtobuf

/// Encodes envelopes as frames and decodes them.
///
/// Frame 0 is the ``ProtocolVersion``, frame 1 the envelope; further frames are ignored, so that
/// a newer minor version may add some.
enum Framing {
  /// The frames of an envelope.
  ///
  /// - Throws: ``WireError/tooLarge(place:count:limit:)`` if a peer would close the connection over
  ///   it.
  static func frames(
    of envelope: some SwiftProtobuf.Message, limit: Int
  ) throws(WireError) -> [[UInt8]] {
    let bytes: [UInt8]
    do {
      bytes = try envelope.serializedBytes()
    } catch {
      throw .malformed(place: "envelope", found: "\(error)", expected: "an encodable message")
    }
    guard bytes.count <= limit else {
      throw .tooLarge(place: "envelope bytes", count: bytes.count, limit: limit)
    }
    return [ProtocolVersion.current.header, bytes]
  }

  /// The envelope in some frames of any version, and the version.
  static func open<Envelope: SwiftProtobuf.Message>(
    _ frames: [[UInt8]], as type: Envelope.Type, limit: Int
  ) throws(WireError) -> (envelope: Envelope, version: ProtocolVersion) {
    guard frames.count >= 2 else {
      throw .malformed(place: "message", found: "\(frames.count) frames", expected: "2")
    }
    let version = try ProtocolVersion(header: frames[0])
    guard frames[1].count <= limit else {
      throw .tooLarge(place: "envelope bytes", count: frames[1].count, limit: limit)
    }
    do {
      return (try Envelope(serializedBytes: frames[1], options: options), version)
    } catch {
      guard version.major == ProtocolVersion.current.major else {
        throw .otherMajor(found: version)
      }
      throw .malformed(
        place: "frame 1", found: "\(frames[1].count) bytes (\(error))",
        expected: "a protobuf envelope")
    }
  }

  /// Decodes a message from bytes in another one or in a file.
  static func body<Body: SwiftProtobuf.Message>(
    _ bytes: [UInt8], _ place: String, as type: Body.Type, limit: Int
  ) throws(WireError) -> Body {
    guard bytes.count <= limit else {
      throw .tooLarge(place: "\(place) bytes", count: bytes.count, limit: limit)
    }
    do {
      return try Body(serializedBytes: bytes, options: options)
    } catch {
      throw .malformed(
        place: place, found: "\(bytes.count) bytes (\(error))", expected: "a protobuf message")
    }
  }

  /// Encodes a message deterministically.
  static func bytes(of body: some SwiftProtobuf.Message) -> [UInt8] {
    var options = BinaryEncodingOptions()
    options.useDeterministicOrdering = true
    do {
      return try body.serializedBytes(options: options)
    } catch {
      preconditionFailure("a message of ours that protobuf cannot encode: \(error)")
    }
  }

  private static var options: BinaryDecodingOptions {
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = 8
    options.discardUnknownFields = true
    return options
  }

  /// As ``open(_:as:limit:)``, for the current major version only.
  static func openCurrent<Envelope: SwiftProtobuf.Message>(
    _ frames: [[UInt8]], as type: Envelope.Type, limit: Int
  ) throws(WireError) -> (envelope: Envelope, version: ProtocolVersion) {
    let opened = try open(frames, as: type, limit: limit)
    guard opened.version.major == ProtocolVersion.current.major else {
      throw .otherMajor(found: opened.version)
    }
    return opened
  }
}
