package awssms

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/pinpointsmsvoicev2/types"
)

// verdict says whether AWS refused this number or text for good, and its
// reason. Everything else that it refuses is about the account, its limits,
// what it sends from, or the moment.
func verdict(err error) (refused bool, reason string) {
	if e, ok := errors.AsType[*types.ConflictException](err); ok {
		switch e.Reason {
		case types.ConflictExceptionReasonDestinationPhoneNumberOptedOut,
			types.ConflictExceptionReasonDestinationCountryBlockedByProtectConfiguration,
			types.ConflictExceptionReasonDestinationPhoneNumberBlockedByProtectNumberOverride:
			return true, string(e.Reason)
		default:
			return false, string(e.Reason)
		}
	}
	if e, ok := errors.AsType[*types.ValidationException](err); ok {
		return isAboutMessage(e), string(e.Reason)
	}
	if e, ok := errors.AsType[*types.ServiceQuotaExceededException](err); ok {
		return false, string(e.Reason)
	}
	if e, ok := errors.AsType[*types.AccessDeniedException](err); ok {
		return false, string(e.Reason)
	}
	return false, ""
}

func isAboutMessage(e *types.ValidationException) bool {
	switch e.Reason {
	case types.ValidationExceptionReasonDestinationCountryBlocked,
		types.ValidationExceptionReasonPriceOverThreshold:
		return true
	}
	for _, field := range e.Fields {
		if name := aws.ToString(field.Name); name == "DestinationPhoneNumber" || name == "MessageBody" {
			return true
		}
	}
	return false
}
