from dataclasses import dataclass


@dataclass(frozen=True)
class MemberInvited:
    member_id: int
