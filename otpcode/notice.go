package otpcode

import "time"

// A CodeKind says what a message's code is for.
type CodeKind string

// The kinds of codes that there are texts for.
const (
	CodeSignIn     CodeKind = "sign_in"     // signing in
	CodeConfirm    CodeKind = "confirm"     // setting up a factor or changing security settings
	CodeLostDevice CodeKind = "lost_device" // signing in without the device that was lost
)

// A NoticeKind says what a mail tells a person that happened to their account.
type NoticeKind string

// The kinds of notices that there are texts for.
const (
	NoticeFactorAdded   NoticeKind = "factor_added"     // a second factor was set up
	NoticeFactorRemoved NoticeKind = "factor_removed"   // a second factor was removed
	NoticeDisabled      NoticeKind = "disabled"         // the second step was switched off
	NoticeRecoveryUsed  NoticeKind = "recovery_used"    // a recovery code was used
	NoticeRecoveryNew   NoticeKind = "recovery_new"     // there are new recovery codes
	NoticeReset         NoticeKind = "reset"            // support reset the second step
	NoticeUnfinished    NoticeKind = "unfinished"       // right password, no second step
	NoticeLostDevice    NoticeKind = "lost_device_used" // the way for lost devices was used
	NoticePasswordTries NoticeKind = "password_tries"   // wrong passwords where settings are changed
	NoticeNumberChanged NoticeKind = "number_changed"   // the number that codes go to is another, or none
)

var (
	codeKinds   = []CodeKind{CodeSignIn, CodeConfirm, CodeLostDevice}
	noticeKinds = []NoticeKind{
		NoticeFactorAdded, NoticeFactorRemoved, NoticeDisabled, NoticeRecoveryUsed, NoticeRecoveryNew,
		NoticeReset, NoticeUnfinished, NoticeLostDevice, NoticePasswordTries, NoticeNumberChanged,
	}
)

// Notice is what happened.
type Notice struct {
	Kind   NoticeKind // Required.
	Method string     // "totp", "sms" or "email" if a factor is concerned; others are named in general terms
	At     time.Time  // Required.
}
