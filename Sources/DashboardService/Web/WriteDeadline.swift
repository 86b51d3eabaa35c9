import NIOCore

/// Closes a connection whose peer does not read.
///
/// Without it, a hanging browser would keep its connection and unsent data forever.
/// The limit applies to each write. ``Answers`` writes in pieces, so slow readers are not cut off.
final class WriteDeadline: ChannelOutboundHandler, RemovableChannelHandler {
  typealias OutboundIn = NIOAny
  typealias OutboundOut = NIOAny

  private let limit: TimeAmount
  private var unfinished = 0
  private var alarm: Scheduled<Void>?

  /// - Parameter limit: How long a write may stay unfinished.
  init(limit: TimeAmount) { self.limit = limit }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let promise = promise ?? context.eventLoop.makePromise()
    unfinished += 1
    if alarm == nil { setAlarm(context) }
    promise.futureResult.assumeIsolated().whenComplete { [self] _ in
      unfinished -= 1
      alarm?.cancel()
      alarm = nil
      if unfinished > 0 { setAlarm(context) }
    }
    context.write(data, promise: promise)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    alarm?.cancel()
    alarm = nil
  }

  private func setAlarm(_ context: ChannelHandlerContext) {
    alarm = context.eventLoop.assumeIsolated().scheduleTask(in: limit) {
      context.close(promise: nil)
    }
  }
}
