package dynamostore

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/latchkey-auth/latchkey/twofactor"
)

// A witness stands beside the tries that the SDK makes for one write, and
// remembers whether one of them ended without anybody knowing how.
type witness struct {
	aws.Retryer
	creates bool // whether the write is one that must not come back later
	unknown bool
}

// watch puts the witness in front of the client's own retryer.
func (w *witness) watch(o *dynamodb.Options) {
	w.Retryer = o.Retryer
	o.Retryer = w
}

// IsErrorRetryable is asked by the SDK after each failed try.
func (w *witness) IsErrorRetryable(err error) bool {
	if !refused(err) {
		w.unknown = true
		// Were a try to create that is still on its way to arrive after a
		// repeated one and a Delete, it would bring the record back.
		if w.creates {
			return false
		}
	}
	return w.Retryer.IsErrorRetryable(err)
}

// GetAttemptToken hands on what only newer retryers have, so that a client's
// own rate limit stays in force.
func (w *witness) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if r, ok := w.Retryer.(aws.RetryerV2); ok {
		return r.GetAttemptToken(ctx)
	}
	return w.GetInitialToken(), nil
}

// refused tells whether err is the server's own word that nothing was done.
func refused(err error) bool {
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && answer.HTTPStatusCode() >= 400 && answer.HTTPStatusCode() < 500
}

// judge turns the SDK's error into the Store's.
func (w *witness) judge(err error) error {
	if _, failed := errors.AsType[*types.ConditionalCheckFailedException](err); !failed {
		return err
	}
	if w.unknown {
		return errMet
	}
	return twofactor.ErrConflict
}

// errMet says that a repeated request was refused. Either the first try was
// lost and another writer was faster, or the first try won.
var errMet = errors.New("a repeated request was refused, and may have been carried out the first time")
