import CCurl

/// Receives a response, on the requesting thread.
protocol ResponseReceiver: AnyObject {
  /// Receives a line of the head.
  func take(headLine: String)
  /// Receives bytes of the body; returning false ends the transfer.
  func take(body: UnsafeRawBufferPointer) -> Bool
}

/// One GET of a file from an offset; the only user of libcurl.
///
/// Redirections are followed only to `http` and `https`; servers are verified against the system's
/// certificates.
struct HTTPRequest {
  let address: String
  /// The first byte to request.
  let offset: Int
  let settings: DownloadSettings

  /// How a request ended.
  enum Ending: Equatable {
    /// The response is complete.
    case complete
    /// The receiver ended it.
    case ended
    /// The connection failed or broke; another attempt may succeed.
    case broken(String)
    /// This address cannot be used.
    case impossible(String)
  }

  private static let redirectionMaximum = 5
  private static let initialised: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

  /// Sends the request and passes the response to a receiver.
  ///
  /// C functions: `curl_easy_init`, `curl_easy_setopt`, `curl_easy_perform`.
  func send(to receiver: any ResponseReceiver) throws(DownloadError) -> Ending {
    guard Self.initialised == CURLE_OK, let handle = curl_easy_init() else {
      throw .library(reason: String(cString: curl_easy_strerror(Self.initialised)))
    }
    defer { curl_easy_cleanup(handle) }
    let context = Context(receiver)
    return try withExtendedLifetime(context) { () throws(DownloadError) -> Ending in
      try configure(handle, context)
      let code = curl_easy_perform(handle)
      return Self.ending(code)
    }
  }

  private static func ending(_ code: CURLcode) -> Ending {
    let reason = "failed: \(String(cString: curl_easy_strerror(code)))"
    return switch code {
    case CURLE_OK: .complete
    case CURLE_WRITE_ERROR: .ended
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_COULDNT_RESOLVE_HOST,
      CURLE_TOO_MANY_REDIRECTS, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
      .impossible(reason)
    default: .broken(reason)
    }
  }

  private func configure(_ handle: UnsafeMutableRawPointer, _ context: Context)
    throws(DownloadError)
  {
    func check(_ code: CURLcode) throws(DownloadError) {
      guard code == CURLE_OK else {
        throw .library(reason: String(cString: curl_easy_strerror(code)))
      }
    }
    func set(_ option: CURLoption, _ text: String) throws(DownloadError) {
      try check(shim_curl_set_text(handle, option, text))
    }
    func set(_ option: CURLoption, _ number: Int) throws(DownloadError) {
      try check(shim_curl_set_number(handle, option, number))
    }
    try set(CURLOPT_URL, address)
    try set(CURLOPT_USERAGENT, "BottleneckSweep")
    try set(CURLOPT_PROTOCOLS_STR, "http,https")
    try set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    try set(CURLOPT_FOLLOWLOCATION, 1)
    try set(CURLOPT_MAXREDIRS, Self.redirectionMaximum)
    try set(CURLOPT_NOSIGNAL, 1)
    try set(CURLOPT_CONNECTTIMEOUT, settings.connectSeconds)
    try set(CURLOPT_LOW_SPEED_LIMIT, 1)
    try set(CURLOPT_LOW_SPEED_TIME, settings.stallSeconds)
    if offset > 0 { try set(CURLOPT_RANGE, "\(offset)-") }
    let pointer = Unmanaged.passUnretained(context).toOpaque()
    try check(shim_curl_set_pointer(handle, CURLOPT_HEADERDATA, pointer))
    try check(shim_curl_set_pointer(handle, CURLOPT_WRITEDATA, pointer))
    try check(
      shim_curl_set_receiver(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
        let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
        Context.at(context)?.receiver.take(headLine: String(decoding: line, as: UTF8.self))
        return size * count
      })
    try check(
      shim_curl_set_receiver(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
        let body = UnsafeRawBufferPointer(start: bytes, count: size * count)
        // Returning any other count ends the transfer.
        return Context.at(context)?.receiver.take(body: body) == true ? size * count : 0
      })
  }

  /// The context that libcurl passes to its callbacks.
  private final class Context {
    let receiver: any ResponseReceiver

    init(_ receiver: any ResponseReceiver) { self.receiver = receiver }

    static func at(_ pointer: UnsafeMutableRawPointer?) -> Context? {
      pointer.map { Unmanaged<Context>.fromOpaque($0).takeUnretainedValue() }
    }
  }
}
