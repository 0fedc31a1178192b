"""Controls that play the person who is called."""

from flask import Response, jsonify

from backend.sandbox import control_wire as control
from backend.sandbox import twilio_switchboard as switchboard
from backend.sandbox.state import here

twilio_controls = control.control_blueprint("control_twilio", "/twilio")

_ENDS = {"busy": "busy", "no-answer": "no-answer", "fail": "failed", "complete": "completed"}


@twilio_controls.post("/calls/<sid>/<action>")
def act_on_call(sid: str, action: str) -> Response:
    """Let something happen to a call."""
    call, sent = control.find(here().books.calls, sid), control.body()
    control.choice({"action": action}, "action", ("ringing", "answer", *_ENDS))
    seconds = sent.get("duration")
    if seconds is not None and (not isinstance(seconds, int) or seconds < 0):
        control.refuse("duration is a number of seconds")
    if call["status"] in switchboard.ENDED:
        control.refuse(f"the call is {call['status']}", status=409)
    if action == "ringing":
        switchboard.ring(call)
    elif action == "answer":
        switchboard.answer(call)
    else:
        switchboard.end(call, _ENDS[action], seconds=seconds)
    return jsonify(call)
