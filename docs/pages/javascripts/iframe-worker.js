// A page that was opened from a folder may start no worker, and the search of the theme runs in one.
// There a frame takes its place: it runs the same script, and hands messages to and fro.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    #frame = document.createElement("iframe")
    #waiting = []

    constructor(url) {
      super()
      this.#frame.hidden = true
      this.#frame.srcdoc = `<script src="${new URL(url, location.href)}"></script>`
      this.#frame.addEventListener("load", () => this.#begin())
      document.body.append(this.#frame)
    }

    postMessage(data) {
      if (this.#waiting) this.#waiting.push(data)
      else this.#frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }))
    }

    #begin() {
      this.#frame.contentWindow.postMessage = data =>
        this.dispatchEvent(new MessageEvent("message", { data }))
      const waiting = this.#waiting
      this.#waiting = null
      waiting.forEach(data => this.postMessage(data))
    }
  }
}
