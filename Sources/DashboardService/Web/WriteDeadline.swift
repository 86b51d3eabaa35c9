import NIOCore

/// Closes a connection whose peer does not take what it is sent.
///
/// Without it, a browser that hangs keeps its connection, and what is to be sent to it, for ever.
/// The time is that of one write; ``Answers`` writes in pieces, so that a slow reader is not taken
/// for one that hangs.
final class WriteDeadline: ChannelOutboundHandler, RemovableChannelHandler {
  typealias OutboundIn = NIOAny
  typealias OutboundOut = NIOAny

  private let limit: TimeAmount
  private var unfinished = 0
  private var alarm: Scheduled<Void>?

  /// - Parameter limit: How long one write may stay untaken.
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
