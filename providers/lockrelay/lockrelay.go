// Package lockrelay carries lockcode's messages over HTTP.
//
// Use [NewHandler] in the cloud, with a [Client] that leads on to the box, and
// once more on the box, with its *lockcode.Controller: both are a
// lockcode.Relay. The App has a Client that leads to the cloud.
//
// The handler stores nothing and learns nothing worth storing: who asks which
// controller, when, and sealed bytes. It authenticates nobody; an application
// puts its own sign-in in front, so that strangers can't use up a lock's tries.
package lockrelay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/latchkey-auth/latchkey/lockcode"
)

const contentType = "application/octet-stream"

// NewHandler serves POST /{lock} with a message as its body, and answers with
// the message that next brings back. Mount it with [http.StripPrefix]. Whatever
// goes wrong behind it is a 502 without a word of its cause.
func NewHandler(next lockcode.Relay) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{lock}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if r.Header.Get("Content-Type") != contentType {
			// A web page can't send this type elsewhere without asking first.
			http.Error(w, "send "+contentType, http.StatusUnsupportedMediaType)
			return
		}
		msg, err := io.ReadAll(http.MaxBytesReader(w, r.Body, lockcode.MaxMessage))
		if err != nil {
			http.Error(w, "message too long or cut off", http.StatusBadRequest)
			return
		}
		answer, err := next.Do(r.Context(), r.PathValue("lock"), msg)
		if err != nil {
			http.Error(w, "no answer", http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(answer)
	})
	return mux
}

// A Client is a [lockcode.Relay] that asks a handler.
type Client struct {
	// URL is where the handler is mounted. Required.
	URL string
	// HTTP does the requests; it needs a timeout, or the contexts do. The
	// default is [http.DefaultClient].
	HTTP *http.Client
}

var _ lockcode.Relay = Client{}

var (
	errNoAnswer = errors.New("lockrelay: no answer from the controller")
	errTooLong  = errors.New("lockrelay: the answer is too long")
)

// Do implements [lockcode.Relay].
func (c Client) Do(ctx context.Context, lockID string, msg []byte) ([]byte, error) {
	target := strings.TrimSuffix(c.URL, "/") + "/" + url.PathEscape(lockID)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(msg))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, errNoAnswer
	}
	// What an evil relay sends is bounded before it is read.
	answer, err := io.ReadAll(io.LimitReader(resp.Body, lockcode.MaxMessage+1))
	if err != nil {
		return nil, errNoAnswer
	}
	if len(answer) > lockcode.MaxMessage {
		return nil, errTooLong
	}
	return answer, nil
}
