from rest_framework import serializers

from streaming.lean import LeanMixin


class CredentialsSerializer(serializers.Serializer):
    device = serializers.SlugField(max_length=32)
    secret = serializers.CharField(max_length=64)


class SubscriptionSerializer(serializers.Serializer):
    package = serializers.CharField()
    name = serializers.CharField()
    expires_on = serializers.CharField()


class DeviceSerializer(LeanMixin, serializers.Serializer):
    unread = ("code", "paired_on")

    code = serializers.CharField()
    kind = serializers.CharField()
    model = serializers.CharField()
    paired_on = serializers.CharField()


class ProfileSerializer(LeanMixin, serializers.Serializer):
    """A :class:`~accounts.viewers.Viewer` as its owner sees it."""

    unread = ("id", "username", "email", "joined_on", "region", "isp", "preferences")

    id = serializers.IntegerField(source="pk")
    username = serializers.CharField()
    email = serializers.CharField()
    joined_on = serializers.CharField()
    display_name = serializers.CharField()
    region = serializers.CharField()
    region_name = serializers.CharField()
    isp = serializers.CharField()
    isp_name = serializers.CharField()
    last_channel = serializers.CharField()
    preferences = serializers.JSONField()
    subscriptions = SubscriptionSerializer(many=True)
    devices = DeviceSerializer(many=True)
