"""The kinds of steps. A new kind is one new file here and one line in this table (no import side effects)."""

KINDS: dict[str, str] = {
    "say": "flows.steps.say:SayStep",
    "ask_place": "flows.steps.ask_place:AskPlaceStep",
    "choose": "flows.steps.choose:ChooseStep",
    "listen": "flows.steps.listen:ListenStep",
    "branch": "flows.steps.branch:BranchStep",
    "find_services": "flows.steps.find_services:FindServicesStep",
    "hand_off": "flows.steps.hand_off:HandOffStep",
    "set": "flows.steps.set_slot:SetStep",
    "effect": "flows.steps.effect:EffectStep",
    "call": "flows.steps.call:CallStep",
    "end": "flows.steps.end:EndStep",
}
"""Kind → "module:class"."""
