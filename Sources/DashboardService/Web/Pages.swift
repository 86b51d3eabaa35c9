import Hummingbird

/// The page, its script and its style, embedded at build time.
enum Pages {
  /// The page, whose script shows the view of the URL.
  static var page: Response {
    Answers.bytes(PackageResources.page_html, "text/html; charset=utf-8")
  }
  /// The page for typing the token.
  static var login: Response {
    Answers.bytes(PackageResources.login_html, "text/html; charset=utf-8")
  }
  static var script: Response {
    Answers.bytes(PackageResources.page_js, "text/javascript; charset=utf-8")
  }
  static var parts: Response {
    Answers.bytes(PackageResources.parts_js, "text/javascript; charset=utf-8")
  }
  static var style: Response {
    Answers.bytes(PackageResources.page_css, "text/css; charset=utf-8")
  }
}
